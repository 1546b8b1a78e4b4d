-- SPDX-License-Identifier: Apache-2.0
-- Beside it: sees each call.
for _, name in ipairs { "getppid", "getpgid", "getsid", "getpriority", "umask" } do
	lvmon.hook.syscall(name, function(ev) print("seen " .. ev.syscall) end, { comm = "calls" })
end
