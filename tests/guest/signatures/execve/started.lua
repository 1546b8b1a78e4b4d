-- SPDX-License-Identifier: Apache-2.0
-- How programs are started: by a process, or by the kernel itself, which can be denied as well.
lvmon.hook.syscall("execve", function(ev)
	if ev.via == "kernel" then
		print(string.format("kernel starts %s, args %s, %s, kthread %s, memory %d end", ev.path,
			ev.args, ev.name, ev.process.kthread, ev.process.mem_size))
		if ev.path == "/bin/refused" then ev:deny(13) end
	elseif ev.comm == "calls" or ev.comm == "evade" then
		print(string.format("%s starts one, via %s, path %s, args %d end", ev.comm, ev.via, ev.path,
			#ev.args))
	end
end)
