-- SPDX-License-Identifier: Apache-2.0
-- A kernel without BTF: what is known of processes by inferring, and what is not.
local seen = 0
lvmon.hook.syscall("getppid", function() seen = seen + 1 end, { comm = "calls" })
lvmon.hook.syscall("getpriority", function(ev)
	local list = lvmon.processes()
	for p in list do
		print(string.format("process %d %d %d %s end", p.pid, p.ppid, p.uid, p.comm))
	end
	local p = lvmon.getproc()
	print(string.format("seen %d, all %s, by %s: %s, end", seen, list.complete, p.comm, p.cmdline))
	local ok, why = pcall(function() return p:maps() end)
	print("maps: " .. (ok and "there" or why) .. " end")
end, { comm = "calls" })
