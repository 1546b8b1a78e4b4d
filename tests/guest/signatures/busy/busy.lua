-- SPDX-License-Identifier: Apache-2.0
-- Hooks what a shell's work is made of, and looks at the process each time.
local names = { "openat", "read", "write", "close", "mmap", "execve", "exit_group", "newfstatat" }
local counts = {}

for _, name in ipairs(names) do
	counts[name] = 0
	lvmon.hook.syscall(name, function()
		local p = lvmon.getproc()
		if p.pid > 0 and #p.comm > 0 then
			counts[name] = counts[name] + 1
		end
	end)
end

lvmon.hook.syscall("getpriority", function()
	for _, name in ipairs(names) do
		print("counted " .. name .. " " .. counts[name])
	end
end)
