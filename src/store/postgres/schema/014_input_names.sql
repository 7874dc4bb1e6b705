-- A part fills its page: the name of its input would go out of line otherwise, into another table, row by row.
ALTER TABLE input_parts ALTER COLUMN input SET STORAGE PLAIN;
