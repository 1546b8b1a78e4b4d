-- getpriority(7, address, size, pid) writes to a process's memory; of what is written where two
-- processors are at it, getpriority(8) tells the sums, and whether all of it was accounted for.
local bytes = setmetatable({}, { __index = function(t, n)
  t[n] = string.rep("Z", n)
  return t[n]
end })
local writes, written, skipped, wrong, none = 0, 0, 0, 0, 0

local function offset_of(p, va)
  local lo, hi = 0, p.mem_size - 1
  while lo < hi do
    local middle = (lo + hi) // 2
    if p:va(middle) < va then lo = middle + 1 else hi = middle end
  end
  return p:va(lo) == va and lo
end

lvmon.hook.syscall("getpriority", function(ev)
  local what, va, n, pid = ev.args[1], ev.args[2], ev.args[3], ev.args[4]
  if what == 8 then
    print(("writes %d, written %d, skipped %d, wrong %d, no such memory %d, end"):format(
      writes, written, skipped, wrong, none))
    writes, written, skipped, wrong, none = 0, 0, 0, 0, 0
  end
  if what ~= 7 then return end
  local p = lvmon.getproc(pid)
  local at = p and p.mem_size > 0 and offset_of(p, va)
  if not at then none = none + 1 return end
  local w, _, s = lvmon.memwrite(p.memory + at, bytes[n])
  writes, written, skipped = writes + 1, written + w, skipped + s
  if w + s ~= n then wrong = wrong + 1 end
  if n ~= 64 * 4096 then print(("size %d: written %d, skipped %d, end"):format(n, w, s)) end
end)
