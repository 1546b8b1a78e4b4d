-- The victim's memory and the machine's, when the victim starts its other program.
lvmon.hook.syscall("execve", function()
  local p = lvmon.getproc()
  print("mark " .. string.format("0x%x", p:find("suspicious 7")))
  print("ip " .. string.format("0x%x", lvmon.cast("pt_regs", lvmon.regread("rdi")).ip))
  local name, info = p:dump("victim")
  print("dump", name, type(info) == "table" and info.complete)
  for q in lvmon.processes() do print("process " .. q.pid .. " " .. q.comm) end
  print("dump", lvmon.dump())
end, { comm = "victim" })

-- As many mappings as there can be.
lvmon.hook.syscall("execve", function()
  local name, info = lvmon.getproc():dump("many")
  print("many", name, type(info) == "table" and info.present or info, info.reason)
end, { comm = "manymaps" })
