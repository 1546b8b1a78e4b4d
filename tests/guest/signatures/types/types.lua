-- SPDX-License-Identifier: Apache-2.0
-- Typed pointers against what the views say of the same processes. One line a finding.
local function hex(n) return string.format("%x", n) end

lvmon.hook.syscall("getpriority", function(ev)
	-- each process, by its task_struct
	local count, wrong = 0, 0
	local seen = {}
	for p in lvmon.processes() do
		local t = lvmon.cast("task_struct", p.task)
		count = count + 1
		seen[p.pid] = true
		local right = t.comm == p.comm and t.tgid == p.pid and t.pid == p.tid and
			t.real_parent.tgid == p.ppid and t.cred.uid.val == p.uid and
			t.real_cred.gid.val == p.gid and t.start_boottime == p.start_time and
			(t.mm ~= nil) == (p.exe ~= "") and t.group_leader == t
		if right and t.mm then
			local name = lvmon.string(t.mm.exe_file.f_path.dentry.d_name.name)
			right = p.exe:sub(-#name - 1) == "/" .. name and t.mm.owner == t and
				lvmon.typename(t.mm.pgd) == "pgd_t *" and t.mm.pgd[0].pgd ~= nil
		end
		if not right then
			wrong = wrong + 1
			print("wrong", p.pid, p.comm)
		end
	end
	print("processes " .. (count > 30 and wrong == 0 and "agree" or count .. " " .. wrong))

	-- the kernel's own list of them
	local init = lvmon.variable("init_task")
	local list = lvmon.list(init.tasks, "task_struct", "tasks")
	local listed = 0
	for t in list do
		if seen[t.tgid] then listed = listed + 1 end
	end
	print("list " .. (listed == count and #list == count and list.complete and "agrees" or
		listed .. " of " .. count))
	-- those that sleep are children of one shell
	local shell = lvmon.cast("task_struct", lvmon.getproc().task).real_parent
	local children = 0
	for t in lvmon.list(shell.children, "task_struct", "sibling") do
		if t.comm == "sleep" and t.real_parent == shell then children = children + 1 end
	end
	print("children " .. children)

	-- the current task, by its CPU's variables
	local p = lvmon.getproc()
	local current
	if pcall(lvmon.typeof, "pcpu_hot") then
		current = lvmon.percpu("pcpu_hot").current_task
	else
		current = lvmon.percpu("current_task")
	end
	local rq = lvmon.percpu("runqueues")
	print("current " .. (current.comm == "calls" and current.tgid == p.pid and
		rq.curr == current and lvmon.percpu("runqueues", rq.cpu) == rq and "agrees" or
		tostring(current)))
	print("cpus " .. lvmon.variable("nr_cpu_ids"),
		pcall(lvmon.percpu, "runqueues", lvmon.variable("nr_cpu_ids")))

	-- an offset that is told is the one that counts
	local at = lvmon.typeof("struct task_struct"):match("\n\tpid_t tgid; */%* *(%d+) *4 %*/\n")
	print("typeof " .. (tonumber(at) == lvmon.offsetof("task_struct", "tgid") and
		lvmon.cast("int", p.task + tonumber(at)) == p.pid and "agrees" or tostring(at)))
	print("enum " .. lvmon.variable("system_state") .. " " .. lvmon.enum("SYSTEM_RUNNING"))
	print("release " .. lvmon.variable("init_uts_ns").name.release)
	print("modprobe " .. lvmon.variable("modprobe_path"))
	print("container " .. (lvmon.container_of(init.tasks.next, "task_struct", "tasks").comm))
	print("renamed " .. tostring(current.state == current.__state))

	-- a module's names
	local va = lvmon.symbol("ram_submit")
	if va then
		print("symbol " .. hex(va), lvmon.symbolize(va + 1),
			lvmon.symbol("ramdisk:ram_submit") == va, lvmon.symbol("hostile:ram_submit"))
		for m in lvmon.list(lvmon.variable("modules"), "module", "list") do
			print("module " .. m.name .. " " .. m.state)
		end
	end

	-- memory of the process by its own types
	local mm = lvmon.cast("task_struct", p.task).mm
	local argv0 = lvmon.cast("char *", mm.arg_start, p)
	print("argv " .. lvmon.string(argv0))
	print("errors", select(2, pcall(function() return init.com end)))
	print("end")
end, { comm = "calls" })
