-- SPDX-License-Identifier: Apache-2.0
-- What typed pointers cost on a memory dump: bench/types.sh. Each figure is the best of five, less an
-- empty loop's.
local N = 200000

local function best(f)
	local least = math.huge
	for _ = 1, 5 do
		local before = lvmon.cputime()
		f()
		least = math.min(least, lvmon.cputime() - before)
	end
	return least / N
end

local function once(name, f)
	local before = lvmon.cputime()
	f()
	print(string.format("row | %s | %.0f | us", name, (lvmon.cputime() - before) / 1000))
end

once("the first type by its name", function() lvmon.cast("task_struct", 0) end)
once("a name that stands at the end of BTF", function() lvmon.typeof("do_exit") end)
once("a name that does not exist, with near ones", function() pcall(lvmon.cast, "task_strcut", 0) end)
once("typeof task_struct", function() lvmon.typeof("task_struct") end)

local init = lvmon.variable("init_task")
local tasks = {}
for t in lvmon.list(init.tasks, "task_struct", "tasks") do tasks[#tasks + 1] = t end
local count, one = #tasks, tasks[1]
local t = {}
for i = 0, N - 1 do t[i] = tasks[i % count + 1] end
local empty = best(function() for i = 0, N - 1 do local _ = t[i] end end)

local function row(name, f)
	print(string.format("row | %s | %.0f | ns", name, best(f) - empty))
end

row("integer, of one task: t.pid", function() for _ = 1, N do local _ = one.pid end end)
row("integer, of each task in turn", function() for i = 0, N - 1 do local _ = t[i].pid end end)
row("string: t.comm", function() for i = 0, N - 1 do local _ = t[i].comm end end)
row("bit field: t.in_execve", function() for i = 0, N - 1 do local _ = t[i].in_execve end end)
row("pointer: t.cred", function() for i = 0, N - 1 do local _ = t[i].cred end end)
row("structure in it: t.tasks", function() for i = 0, N - 1 do local _ = t[i].tasks end end)
row("three members: t.cred.uid.val", function() for i = 0, N - 1 do local _ = t[i].cred.uid.val end end)
row("element of an array", function()
	local a = init.files.fd_array
	for i = 0, N - 1 do local _ = a[i % 64] end
end)
row("cast", function() for i = 0, N - 1 do local _ = lvmon.cast("task_struct", -8192) end end)
