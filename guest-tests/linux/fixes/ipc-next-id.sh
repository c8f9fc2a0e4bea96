trigger ipc-next-id
