-- enqueue.lua - what wrk sends for bench/enqueue.mjs: small bulk updates, no two alike.
--
-- Codes are those of the file that BENCH_CODES names, one a line. Keys come by the environment: a command
-- line is seen by every user.
local threads = 0

function setup(thread)
    thread:set("n", threads * 1000000000)
    threads = threads + 1
end

function init()
    codes = {}
    for line in io.lines(os.getenv("BENCH_CODES")) do
        codes[#codes + 1] = line
    end
    head = "POST /v1/vouchers/bulk/async HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-App-Id: "
        .. os.getenv("BENCH_APP_ID") .. "\r\nX-App-Token: " .. os.getenv("BENCH_APP_TOKEN") .. "\r\nContent-Length: "
end

-- 7919 is prime, so every code has its turn, and neighbours do not follow each other.
function request()
    n = n + 1
    local body = '[{"code":"' .. codes[n * 7919 % #codes + 1] .. '","metadata":{"n":' .. n .. '}}]'
    return head .. #body .. "\r\n\r\n" .. body
end

local function own_cpu_ticks()
    local text = io.open("/proc/self/stat"):read("*a"):gsub("^.*%) ", "")
    local fields = {}
    for field in text:gmatch("%S+") do
        fields[#fields + 1] = field
    end
    return fields[12] + fields[13]
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format(
        '{"us":%d,"requests":%d,"refused":%d,"broken":%d,"p50_us":%d,"p99_us":%d,"max_us":%d,"cpu_ticks":%d}\n',
        summary.duration, summary.requests, e.status, e.connect + e.read + e.write + e.timeout,
        latency:percentile(50), latency:percentile(99), latency.max, own_cpu_ticks()))
end
