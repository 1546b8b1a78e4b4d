-- SPDX-License-Identifier: Apache-2.0
-- The same by gsub, over a long subject.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 5 then return end
	return (string.gsub(string.rep("a", 100000), ".-.-.-b", ""))
end)
