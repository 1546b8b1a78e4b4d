-- SPDX-License-Identifier: Apache-2.0
-- Crafted bytecode: only text is loaded, whatever the mode says.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 1 then return end
	assert(load("\27Lua\x54\x00\x19\x93\r\n\x1a\n" .. string.rep("\xff", 200), "b", "b"))
end)
