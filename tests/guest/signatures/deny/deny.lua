-- SPDX-License-Identifier: Apache-2.0
-- Each call is denied, or goes on, for another reason.
local function loop()
	while true do end
end

-- ended together with the engine
local function explode()
	return string.find(string.rep("a", 60), string.rep("a-", 60) .. "b")
end

lvmon.hook.syscall("getppid", loop, { comm = "calls" })
lvmon.hook.syscall("getpgid", explode, { comm = "calls" })
lvmon.hook.syscall("getsid", loop, { comm = "calls", on_timeout = "deny" })
lvmon.hook.syscall("getpriority", explode, { comm = "calls", on_timeout = "deny" })
lvmon.hook.syscall("umask", function(ev) ev:deny(13) end, { comm = "calls" })
