-- Uploaded files are packed: a part begins anywhere, and says how many bytes of the file it stands for.
ALTER TABLE input_parts DROP CONSTRAINT input_parts_pkey;
ALTER TABLE input_parts RENAME COLUMN part_no TO start;
ALTER TABLE input_parts ADD COLUMN unpacked bigint; -- its bytes, when `data` is a Zstandard frame of them; NULL: `data` is them
UPDATE input_parts SET start = start * 8000;
ALTER TABLE input_parts ADD PRIMARY KEY (input, start);
