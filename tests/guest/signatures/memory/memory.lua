-- SPDX-License-Identifier: Apache-2.0
-- How much memory there is, where its highest megabyte lies, what is behind it, and whether the
-- process list has the process that calls.
lvmon.hook.syscall("getpriority", function(ev)
	local top, found = 0, false
	for mb = 0, 20479 do
		local _, absent = lvmon.memread(mb << 20, 8)
		if absent == 0 then top = mb end
	end
	local text, absent = lvmon.memread(20480 << 20, 16)
	for p in lvmon.processes() do found = found or p == lvmon.getproc() end
	print(string.format("%d MB, top %d, behind it %s absent %d, found itself %s", lvmon.memsize() >> 20,
		top, text == ("\0"):rep(16), absent, found))
end)
