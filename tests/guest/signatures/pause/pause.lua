-- SPDX-License-Identifier: Apache-2.0
-- Holds the other processors at every tenth getsid of "pinned" and looks twice at what must stand
-- still then: the kernel's clock tick and its list of processes. getpriority asks for the figures.
local calls, pauses, failed, moved, changed, live_moves = 0, 0, 0, 0, 0, 0
local jiffies = lvmon.translate(lvmon.symbol("jiffies_64") or lvmon.symbol("jiffies"))

local function pids()
	local list = {}
	for p in lvmon.processes() do
		list[#list + 1] = p.pid
	end
	return table.concat(list, " ")
end

local function tick()
	return (lvmon.memread(jiffies, 8))
end

local function wait(seconds)
	local from = lvmon.cputime()
	while lvmon.cputime() - from < seconds * 1e9 do end
end

-- Does the clock go on? The host may not let another processor run at once.
local function moves(at)
	for i = 1, 100 do
		wait(0.01)
		if at ~= tick() then return true end
	end
	return false
end

lvmon.hook.syscall("getsid", function(ev)
	calls = calls + 1
	if calls % 10 ~= 0 then
		return
	end
	local ok, same, same_tick = pcall(lvmon.pause, function()
		local before, at = pids(), tick()
		wait(calls % 200 == 0 and 0.02 or 0)
		return before == pids(), at == tick()
	end)
	if not ok then
		failed = failed + 1
		return print("failed: " .. same)
	end
	pauses = pauses + 1
	changed = changed + (same and 0 or 1)
	moved = moved + (same_tick and 0 or 1)
	if calls % 200 == 0 then
		live_moves = live_moves + (moves(tick()) and 1 or 0)
	end
end, { comm = "pinned" })

-- The time is up inside: the function is stopped, and the other processors go on without it.
lvmon.hook.syscall("getpgid", function()
	local at = tick()
	local ok, message = pcall(lvmon.pause, function()
		while true do end
	end)
	print(string.format("limit: %s, %s, goes on %s", ok, message, tostring(moves(tick()))))
end)

lvmon.hook.syscall("getpriority", function()
	print(string.format("calls %d, pauses %d, failed %d, lists changed %d, ticks %d, without %s, end",
		calls, pauses, failed, changed, moved, live_moves > 0 and "some" or "none"))
	calls, pauses = 0, 0
end)
