-- SPDX-License-Identifier: Apache-2.0
-- Beside it: sees each call.
for _, name in ipairs { "getppid", "getpgid", "getsid", "getpriority", "umask" } do
	lvmon.hook.syscall(name, function(ev) print("seen " .. ev.syscall) end, { comm = "calls" })
end
-- what was counted before the engine died is still there
lvmon.hook.syscall("sched_yield", function()
	print("counters " .. lvmon.counters().handlers)
end, { comm = "calls" })
