-- SPDX-License-Identifier: Apache-2.0
-- Prints more than the event ring holds.
local text = string.rep("flood ", 150)

lvmon.hook.syscall("getsid", function()
	for i = 1, 300 do
		print(text)
	end
end)
