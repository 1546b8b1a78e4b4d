-- SPDX-License-Identifier: Apache-2.0
-- A hook with a handler that does nothing: the cost of the way to Lua and back.
lvmon.hook.syscall("getppid", function() end)
