-- SPDX-License-Identifier: Apache-2.0
lvmon.hook.syscall("getsid", function()
	local subject = string.rep("a", 60)
	return string.find(subject, string.rep("a-", 60) .. "b")
end)
