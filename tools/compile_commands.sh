#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# compile_commands.json, for editors and linters: what make would run to compile each source, as
# commands on the standard input. clang's JSON Compilation Database is the format.
#
#	make -Bn all | tools/compile_commands.sh >compile_commands.json
set -u
export LC_ALL=C

awk -v folder="$PWD" '
function quoted(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	return "\"" text "\""
}
BEGIN { print "[" }
/^(gcc|clang|cc) .* -c / {
	file = ""
	for (i = 2; i <= NF; i++)
		if ($i ~ /\.[cS]$/ && $(i - 1) != "-o")
			file = $i
	if (file == "" || seen[$0]++)
		next
	printf "%s{\"directory\": %s, \"file\": %s, \"command\": %s}", count++ ? ",\n" : "", quoted(folder), \
		quoted(file), quoted($0)
}
END { print "\n]" }'
