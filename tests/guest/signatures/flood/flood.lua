-- Prints more than the event ring holds, and raises alerts in between.
local text = string.rep("flood ", 150)

lvmon.hook.syscall("getsid", function()
	for i = 1, 300 do
		print(text)
	end
end)

lvmon.hook.syscall("getpgid", function()
	lvmon.alert{ message = "in the flood" }
end)
