-- SPDX-License-Identifier: Apache-2.0
-- What a search of the calling process's whole memory finds, and what it says it has not seen. The
-- call's arguments are a mapping that is left out.
lvmon.hook.syscall("getpriority", function(ev)
	local p = lvmon.getproc()
	local from, to = ev.args[1], ev.args[2]
	for va, name in p:findall("needle%-(%l+);") do print(string.format("found %s %x end", name, va)) end
	-- the end of the text, from its middle: a page that is missing is not skipped
	print("torn " .. tostring(p:find("needle-torn;") == nil) .. " end")

	local sum = {}
	for _, range in ipairs { { 0, to = from }, { to } } do
		local s = p:findall("text that is nowhere" .. range[1], range[1], { plain = true, to = range.to })
		assert(s() == nil)
		for k, v in pairs(s:report()) do
			if math.type(v) == "integer" then sum[k] = (sum[k] or 0) + v // 4096 end
		end
		sum.reason = s.reason or sum.reason
	end
	print(string.format("pages present %d swapped %d neither %d end", sum.mapped, sum.swapped,
		sum.untouched + sum.uncached + sum.cached))
	print(string.format("unreadable %d device %d cached %s reason %s end", sum.unreadable, sum.device,
		tostring(sum.cached > 8), sum.reason))

	local va = p:find("needle%-cached;")
	local text, absent = p:read(va & ~4095, 8192, true)
	print(string.format("cached %s absent %d, by page table %s end", text:find("needle-cached;", 1, true),
		absent, p:read(va, 8)))
end, { comm = "search" })

-- The process ends between two slices; what is at its addresses then is not its memory.
lvmon.hook.syscall("getpgid", function(ev)
	local va, report = lvmon.getproc(ev.args[1]):find("needle%-end;")
	report = report or {}
	print(string.format("ends: found %s complete %s reason %s end", va, report.complete, report.reason))
end, { comm = "search" })
