-- SPDX-License-Identifier: Apache-2.0
-- Uses the vector and floating-point registers while the program "registers" watches its own.
local text = string.rep("0123456789abcdef", 64) .. "!"
local sum = 0.0

lvmon.hook.syscall("getppid", function()
	sum = sum + math.sin(sum) * 1.5 + text:find("!", 1, true) / 3
end, { comm = "registers" })
