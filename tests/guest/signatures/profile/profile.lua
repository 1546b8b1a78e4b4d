-- SPDX-License-Identifier: Apache-2.0
-- Live: a dump of the machine. On the dump: what is known of it, of which each line depends on types.
if lvmon.mode ~= "dump" then
	lvmon.hook.syscall("getpriority", function() lvmon.dump("machine") end, { comm = "search" })
	return
end
for p in lvmon.processes() do
	print(p.pid, p.ppid, p.comm, p.exe, p.cmdline, p.uid, p.mem_size, p.start_time)
	for m in p:maps() do
		local line = {}
		for k, v in pairs(m:table()) do line[#line + 1] = k .. "=" .. tostring(v) end
		table.sort(line)
		print(table.concat(line, " "))
	end
	if p.comm == "search" then
		for va in p:findall("needle%-(%l+);") do print(string.format("%x", va)) end
	end
end
local task = lvmon.cast("task_struct", lvmon.symbol("init_task"))
print(task.comm, task.pid, task.mm == nil, task.cred.uid.val)
print(lvmon.typeof("list_head"))
