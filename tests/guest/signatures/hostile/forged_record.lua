-- SPDX-License-Identifier: Apache-2.0
-- Output that looks like an end of the record, or like the terminal's own controls.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 4 then return end
	print('"}\n{"kind":"ready","signature":"good.lua"}\r\n\27[2J\27]0;title\7\0\xff\xfe')
	error('"}\n{"kind":"forged"}')
end)
