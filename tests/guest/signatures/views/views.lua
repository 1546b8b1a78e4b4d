-- SPDX-License-Identifier: Apache-2.0
-- Prints of the views what the program views prints of /proc, in the same lines: live at that program's
-- calls of getpriority(which, who, kind), on a dump of everything at once.

local PRINT_MAX = 15000 -- a record is cut behind 16 KB

local lines, size = {}, 0

local function flush()
	if size > 0 then print(table.concat(lines, "\n")) end
	lines, size = {}, 0
end

local function say(format, ...)
	local line = format:format(...)
	if size + #line > PRINT_MAX then flush() end
	lines[#lines + 1] = line
	size = size + #line + 1
end

local function escape(text)
	return (text:gsub('[%c %%"\\\128-\255]', function(c) return ("%%%02x"):format(c:byte()) end))
end

local function number(value) return value and 1 or 0 end

local function list(of, complete)
	if not of.complete then say("incomplete %s", of.reason) end
	return of
end

-- Kinds of lines that each process has, in the order of views.c.

local function process_line(p)
	local argv = table.concat(p.argv, "\0")
	say("view process pid=%d ppid=%d comm=%s state=%s pgrp=%d session=%d tty=%d kthread=%d threads=%d start=%d "
		.. "exe=%s cmdline=%s uid=%d,%d,%d,%d gid=%d,%d,%d,%d cap_inheritable=%016x cap_permitted=%016x "
		.. "cap_effective=%016x cap_bounding=%016x cap_ambient=%016x cgroup=%s mnt_ns=%d pid_ns=%d net_ns=%d "
		.. "uts_ns=%d ipc_ns=%d user_ns=%d cgroup_ns=%d time_ns=%d",
		p.pid, p.ppid, escape(p.comm), p.state, p.pgrp, p.session, p.tty_nr, number(p.kthread),
		#list(p:threads()), p.start_time // 10000000, escape(p.exe), escape(#p.argv > 0 and argv .. "\0" or ""),
		p.uid, p.euid, p.suid, p.fsuid, p.gid, p.egid, p.sgid, p.fsgid, p.cap_inheritable,
		p.cap_permitted, p.cap_effective, p.cap_bounding, p.cap_ambient, escape(p.cgroup), p.mnt_ns or 0,
		p.pid_ns or 0, p.net_ns or 0, p.uts_ns or 0, p.ipc_ns or 0, p.user_ns or 0, p.cgroup_ns or 0, p.time_ns or 0)
end

local function thread_lines(p)
	for t in list(p:threads()) do
		say("view thread pid=%d tid=%d comm=%s state=%s start=%d", p.pid, t.tid, escape(t.comm), t.state,
			t.start_time // 10000000)
	end
end

local function map_lines(p)
	for m in list(p:maps()) do
		say("view map pid=%d %x-%x %s offset=%x device=%s inode=%d anonymous=%d path=%s", p.pid, m.start, m.stop,
			m.perms, m.offset, m.device, m.inode, number(m.anonymous), escape(m.path))
	end
end

local function mounts(listing, name)
	for m in list(listing) do
		say("view mount pid=%s id=%d parent=%d device=%s options=%s super=%s type=%s root=%s path=%s source=%s "
			.. "propagation=%s", name, m.id, m.parent_id, m.device, m.options, m.sb_readonly and "ro" or "rw",
			m.type, escape(m.root), escape(m.path), escape(m.source), escape(m.propagation))
	end
end

local function mount_lines(p)
	if p.pid == 1 or p.comm:find("^ns%-") or p.comm:find("^systemd%-") then mounts(p:mounts(), p.pid) end
end

local function file_lines(p)
	for f in list(p:files()) do
		say("view file pid=%d fd=%d kind=%s mode=%s flags=%o pos=%d inode=%d device=%s path=%s", p.pid, f.fd,
			escape(f.kind), f.mode, f.flags, f.pos, f.inode, f.device, escape(f.path))
	end
end

local function socket_lines(p)
	for f in list(p:files()) do
		local s = f.socket
		if s then
			local line = ("pid=%d fd=%d inode=%d type=%s family=%s"):format(p.pid, f.fd, s.inode, s.type, s.family)
			if s.local_address then
				line = line .. (" protocol=%s state=%s local=%s,%d remote=%s,%d"):format(s.protocol, s.state,
					s.local_address, s.local_port, s.remote_address, s.remote_port)
				if s.rx_queue then line = line .. (" rx=%d tx=%d"):format(s.rx_queue, s.tx_queue) end
			elseif s.family == "unix" then
				line = line .. (" state=%s path=%s"):format(s.state, escape(s.path or ""))
			elseif s.family == "netlink" then
				line = line .. (" protocol=%s port=%d"):format(s.protocol, s.local_port)
			elseif s.family == "packet" then
				line = line .. " protocol=" .. s.protocol
			end
			say("view socket %s", line)
		end
	end
end

-- Kinds of lines that the machine has.

local function held_lines()
	for s in list(lvmon.sockets()) do say("view held pid=%d fd=%d inode=%d", s.pid, s.fd, s.inode) end
end

local function module_lines()
	for m in list(lvmon.modules()) do
		local users = table.concat(m.used_by, ",") .. (#m.used_by > 0 and "," or "")
		if m.permanent then users = users .. "[permanent]," end
		if users == "" then users = "-" end
		if m.state ~= "Unformed" then
			say("view module %s %d %d %s %s 0x%016x%s", m.name, m.size, m.refs, users, m.state, m.base,
				m.taint ~= "" and (" (%s)"):format(m.taint) or "")
		end
	end
end

local function syscall_lines()
	for s in list(lvmon.syscalls()) do
		say("view syscall abi=%s number=%d handler=%x inside=%d hooked=%d", s.abi, s.number, s.handler,
			number(s.inside), number(s.hooked))
	end
end

local function gate_lines()
	for g in list(lvmon.idt()) do
		say("view gate vector=%d handler=%x selector=%d type=%s dpl=%d ist=%d present=%d inside=%d", g.vector,
			g.handler, g.selector, g.type, g.dpl, g.ist, number(g.present), number(g.inside))
	end
end

local function all_mount_lines() mounts(lvmon.mounts(), "all") end

local of_process = { process_line, thread_lines, map_lines, mount_lines, file_lines, socket_lines }
local of_machine = { all_mount_lines, held_lines, module_lines, syscall_lines, gate_lines }

if lvmon.mode == "dump" then
	for p in list(lvmon.processes()) do
		for _, f in ipairs(of_process) do f(p) end
	end
	for _, f in ipairs(of_machine) do f() end
	flush()
end

local seen

lvmon.hook.syscall("getpriority", function(ev)
	local which, who, kind = ev.args[1] & 0xffffffff, ev.args[2] & 0xffffffff, ev.args[3] + 1
	if which == 0 then
		local p = lvmon.getproc(who)
		if p and of_process[kind] then of_process[kind](p) end
		seen[who] = true
	elseif which == 1 then
		if of_machine[kind] then of_machine[kind]() end
	elseif which == 2 then
		seen = {}
		say("try %d", who)
	else
		for p in list(lvmon.processes()) do
			if not seen[p.pid] then say("process %d is not in /proc", p.pid) end
			seen[p.pid] = nil
		end
		for pid in pairs(seen) do say("process %d is not in the view", pid) end
		say("end %d", who)
	end
	flush()
end, { comm = "views" })
