-- SPDX-License-Identifier: Apache-2.0
-- A string beyond any number.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 30 then return end
	return string.rep("xy", math.maxinteger)
end)
