-- SPDX-License-Identifier: Apache-2.0
-- Looks at everything there is of a kernel that lies: nothing may hang or fail, whatever comes out.
lvmon.hook.syscall("getpgid", function(ev)
	local seen = {}
	for pid = 0, 5 do
		local ok, p = pcall(lvmon.getproc, pid)
		seen[#seen + 1] = ok and p and p.comm or "-"
	end
	local p = ev.process
	pcall(function() return p.exe, p.cmdline, p.ppid, p.mem_size end)
	-- entry 100 of the page table, and what is below it
	for level = 0, 3 do
		pcall(function() return p:read((100 << 39) + (100 << 30) * level, 100) end)
	end
	pcall(function() return lvmon.memread(p.memory, 4096) end)
	-- all other walks: cut short where they meet a lie, and they say so
	for _, walk in ipairs({ lvmon.processes, lvmon.hidden, lvmon.modules, lvmon.sockets,
		function() return p:threads() end, function() return p:maps() end,
		function() return p:files() end, function() return p:mounts() end }) do
		pcall(function() return #walk():table() end)
	end
	pcall(lvmon.pause, function() return #lvmon.hidden() end)
	print("looked: " .. table.concat(seen, " "))
end)
