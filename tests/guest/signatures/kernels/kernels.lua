-- SPDX-License-Identifier: Apache-2.0
-- What was found of the kernel: before the first program some symbols and who is there; later, on
-- request, what a hook saw and who asked.
local names = {
	"_text", "_etext", "linux_banner", "entry_SYSCALL_64", "init_task", "sys_call_table",
	"init_top_pgt", "security_file_open", "do_exit", "asm_exc_page_fault", "page_offset_base",
	"fixed_percpu_data", "current_task", "pcpu_hot", "jiffies", "_end",
}
for _, name in ipairs(names) do
	local va = lvmon.symbol(name)
	print(string.format("symbol %s %s end", name, va and string.format("%016x", va) or "none"))
end

local list, programs, init = lvmon.processes(), 0, "nobody"
for p in list do
	if p.exe ~= "" then programs = programs + 1 end
	if p.pid == 1 then init = p.comm end
end
print(string.format("start: %s, programs %d, process 1 is %s, end", list.complete and "all" or list.reason,
	programs, init))

local seen = 0
lvmon.hook.syscall("getppid", function() seen = seen + 1 end, { comm = "calls" })
lvmon.hook.syscall("getpriority", function()
	local p, text = lvmon.getproc(), {}
	print(string.format("seen %d, by %s %s uid %d, end", seen, p.comm, p.exe, p.uid))
	for q in lvmon.processes() do text[#text + 1] = q.pid .. ":" .. q.ppid .. ":" .. q.comm end
	print("processes " .. table.concat(text, " ") .. " end")
	seen = 0
end, { comm = "calls" })
