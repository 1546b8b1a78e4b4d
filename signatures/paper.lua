-- The program of the paper, as it stands there: a process that starts a program is searched for
-- "suspicious" and a digit, and crashed when it has it.
handler = function(args)
  proc = lvmon.getproc()
  memdata = lvmon.memread(proc.memory, proc.mem_size)
  idx = string.find(memdata, "suspicious [0-9]")
  if idx then
    lvmon.memwrite(proc.memory, string.rep("\x00", proc.mem_size)) -- crash the process
  end
end

lvmon.hook.syscall("sys_execve", handler)
