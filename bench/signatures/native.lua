-- SPDX-License-Identifier: Apache-2.0
-- Measurements on a memory dump (bench/native.sh): processor time of the engine, in nanoseconds. Each is
-- the best of several, because the machine may be busy with other things.
local function best(times, f)
	local least
	for _ = 1, times do
		local began = lvmon.cputime()
		f()
		local took = lvmon.cputime() - began
		if not least or took < least then least = took end
	end
	return least
end

local count, large = 0, nil
for p in lvmon.processes() do
	count = count + 1
	if p.comm == "large" then large = p end
end
print(string.format("processes %d", count))
print(string.format("list %d", best(20, function() lvmon.processes() end)))
print(string.format("loop %d", best(20, function()
	for p in lvmon.processes() do local _ = p.pid, p.comm end
end)))
print(string.format("tables %d", best(5, function() lvmon.processes():table() end)))
local maps
print(string.format("maps %d", best(5, function()
	maps = 0
	for p in lvmon.processes() do
		for m in p:maps() do
			local _ = m.perms, m.path
			maps = maps + 1
		end
	end
end)))
print(string.format("mapped %d", maps))

local N = 200000
local task = lvmon.cast("task_struct", lvmon.symbol("init_task"))
local empty = best(10, function() for _ = 1, N do local _ = N end end)
local member = best(10, function() for _ = 1, N do local _ = task.pid end end)
local deep = best(10, function() for _ = 1, N do local _ = task.real_cred.uid.val end end)
print(string.format("member %d", (member - empty) // N))
print(string.format("deep %d", (deep - empty) // N))

-- Texts that are not there, of rare and of frequent bytes.
for name, text in pairs { rare = "Qz#@ nowhere", zeros = "\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0\9", text = "the needle these" } do
	local seen
	local took = best(5, function()
		local va
		va, seen = large:find(text, 0, { plain = true })
		assert(va == nil, name)
	end)
	print(string.format("search.%s %d", name, seen.mapped * 1000 // took)) -- MB/s
	print(string.format("searched %d", seen.mapped >> 20))
end
local class = best(2, function() assert(not large:find("[Q]z#@ nowhere")) end)
print(string.format("search.class %d", (large.mem_size * 1000) // class))
