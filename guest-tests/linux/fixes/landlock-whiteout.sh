trigger landlock-whiteout
