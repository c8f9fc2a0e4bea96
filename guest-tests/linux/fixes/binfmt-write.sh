# An entry comes and goes; what about the file that it ran?
dir=/tmp/binfmt
mkdir -p $dir
test -e $dir/register || mount -t binfmt_misc none $dir
file=$(mktemp)
chmod 755 "$file"
echo ":fix:M::subtext::$file:F" > $dir/register
if (echo > "$file") 2> /dev/null; then
	echo "broken: can be written to while it can be run"
fi
echo -1 > $dir/fix
if said=$( (echo > "$file") 2>&1); then
	echo "fixed: the interpreter of a removed entry can be written to"
else
	echo "old: the interpreter of a removed entry: ${said##*: }"
fi
