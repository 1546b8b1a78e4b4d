-- SPDX-License-Identifier: Apache-2.0
-- Works beside hostile ones, on the same system call: each call is one record.
lvmon.hook.syscall("getpriority", function(ev) print("good " .. ev.args[2]) end)
