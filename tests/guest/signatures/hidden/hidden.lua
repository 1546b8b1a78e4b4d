-- SPDX-License-Identifier: Apache-2.0
-- What the kernel hides, asked by system calls: getpriority looks, with its second argument as a
-- name for what is printed; getpgid takes a process and the newest module out of the kernel's lists
-- by memwrite, looks, and puts them back; umask prints how often it was looked, and how long it took.
local looks, findings, incomplete, spent, longest = 0, 0, 0, 0, 0

local function look()
	local from = lvmon.cputime()
	local hidden = lvmon.hidden()
	local took = lvmon.cputime() - from

	looks = looks + 1
	findings = findings + #hidden
	incomplete = incomplete + (hidden.complete and 0 or 1)
	spent = spent + took
	longest = math.max(longest, took)
	if not hidden.complete then
		print("incomplete: " .. hidden.reason)
	end
	return hidden
end

local function tell(name)
	local hidden = look()
	for h in hidden do
		print(string.format("%s: %s", name, h.message))
	end
	print(string.format("%s: %d hidden, complete %s", name, #hidden, hidden.complete))
end

lvmon.hook.syscall("getpriority", function(ev)
	tell("look " .. ev.args[2])
end)

local function read(va)
	return (string.unpack("<i8", (lvmon.memread(lvmon.translate(va), 8))))
end

local function write(va, value)
	assert(lvmon.memwrite(lvmon.translate(va), string.pack("<i8", value)) == 8)
end

-- Take a node out of its list; the function puts it back.
local function unlink(node)
	local after, before = read(node), read(node + 8)

	write(before, after)
	write(after + 8, before)
	return function()
		write(before, node)
		write(after + 8, node)
	end
end

lvmon.hook.syscall("getpgid", function(ev)
	local victim
	for p in lvmon.processes() do
		victim = p.comm == "sleep" and p or victim
	end
	local undo = { unlink(victim.task + lvmon.offsetof("task_struct", "tasks")) }
	local module = read(lvmon.symbol("modules"))
	if module ~= lvmon.symbol("modules") then
		undo[2] = unlink(module)
	end
	tell("memwrite")
	for _, f in ipairs(undo) do
		f()
	end
	tell("put back")
end)

lvmon.hook.syscall("umask", function()
	print(string.format("looks %d, findings %d, incomplete %d, end; us each %d, longest %d", looks,
		findings, incomplete, spent // looks // 1000, longest // 1000))
end)
