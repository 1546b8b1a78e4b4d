-- SPDX-License-Identifier: Apache-2.0
-- Counts what corner.ko (what=writes) writes. The kernel writes CR0 and CR4 for its own reasons, too: TS
-- and TSD are the module's.
local seen, wrong = {}, 0

local function count(bits)
	return function(ev)
		if bits and (ev.old ~ ev.value) & bits == 0 then return end
		if ev.comm ~= "insmod" or not ev.process then wrong = wrong + 1 end
		seen[ev.register] = (seen[ev.register] or 0) + 1
	end
end

local options = {comm = "insmod"}
lvmon.hook.register("CR0", count(8), options)
lvmon.hook.register("CR4", count(4), options)
lvmon.hook.register("EFER", count(), options)
local last
lvmon.hook.register(0x176, function(ev)
	if last and ev.old ~= last then wrong = wrong + 1 end
	last = ev.value
	count()(ev)
end, options)
for _, table in ipairs({"IDTR", "GDTR"}) do
	lvmon.hook.register(table, function(ev)
		if ev.old ~= ev.value or ev.limit == 0 or ev.msr then wrong = wrong + 1 end
		count()(ev)
	end, options)
end
lvmon.hook.register("CR4", function() wrong = wrong + 1 end, {comm = "nobody"})

for _, kept in ipairs({0x1b, 0x830, 0x1d9}) do
	local ok, why = pcall(lvmon.hook.register, kept, print)
	if ok or not why:find("hook.register: MSR 0x", 1, true) then error("a hook on " .. kept .. ": " .. tostring(why)) end
end

lvmon.hook.syscall("delete_module", function()
	local list = {}
	for name, n in pairs(seen) do list[#list + 1] = name .. " " .. n end
	table.sort(list)
	print("written: " .. table.concat(list, ", ") .. "; wrong " .. wrong)
	seen, wrong, last = {}, 0, nil
end)
