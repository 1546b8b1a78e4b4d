-- One line for each execve: who starts a program, and which program it is itself.
lvmon.hook.syscall("execve", function(ev)
  local p = lvmon.getproc()
  print(ev.name, p.pid, p.comm, p.exe)
end)
