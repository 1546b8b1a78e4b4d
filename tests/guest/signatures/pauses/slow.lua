-- Never ends: three strikes, and a pause.
lvmon.hook.syscall("getpriority", function()
	while true do end
end)
