-- SPDX-License-Identifier: Apache-2.0
lvmon.hook.syscall("getsid", function()
	error("raised on purpose")
end)
