trigger tmpfile-owner
