-- SPDX-License-Identifier: Apache-2.0
-- Counts getsid calls, in all and on each processor; a call of getpriority asks for them.
local all, per = 0, {}

lvmon.hook.syscall("getsid", function(ev)
	all = all + 1
	per[ev.cpu] = (per[ev.cpu] or 0) + 1
end, { comm = "pinned" })

lvmon.hook.syscall("getpriority", function()
	local each = {}
	for cpu, n in pairs(per) do
		each[#each + 1] = string.format("cpu%d=%d", cpu, n)
	end
	table.sort(each)
	print(string.format("all %d, %s, end", all, table.concat(each, ", ")))
	all, per = 0, {}
end)
