-- One bucket (KEYS[1]): takes points if it holds as many ('take'), or changes it whatever it holds ('adjust').
-- Answers whether, and what it holds now, in parts of a point. A bucket without a key is full.
local full, per_micro, now, change = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if not now then
    -- One clock for all: a caller's that is ahead would fill every bucket.
    local time = redis.call('TIME')
    now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local most_skew = tonumber(ARGV[6])

local parts, at = full, now
local kept = redis.call('HMGET', KEYS[1], 'parts', 'at')
if kept[1] then
    parts, at = tonumber(kept[1]), tonumber(kept[2])
    if now > at then
        parts = parts + per_micro * (now - at)
        at = now
    elseif at - now > most_skew then
        at = now
    end
    parts = math.min(parts, full)
end

local enough = 1
if ARGV[5] == 'adjust' then
    parts = math.min(parts + change, full)
elseif parts >= change then
    parts = parts - change
else
    enough = 0
end

if parts >= full then
    redis.call('DEL', KEYS[1])
else
    -- Lua writes large numbers with 14 digits unless told otherwise.
    redis.call('HSET', KEYS[1], 'parts', string.format('%.0f', parts), 'at', string.format('%.0f', at))
    local until_full = (full - parts) / math.max(per_micro, 1) / 1000
    redis.call('PEXPIRE', KEYS[1], string.format('%.0f', until_full + 60000))
end
return { enough, string.format('%.0f', parts) }
