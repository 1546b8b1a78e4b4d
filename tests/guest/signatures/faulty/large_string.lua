-- SPDX-License-Identifier: Apache-2.0
lvmon.hook.syscall("getsid", function()
	local s = string.rep("xy", math.maxinteger)
end)
