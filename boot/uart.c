/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Takes the console's UART away from the firmware. A serial driver does not
 * report which ports it uses, so the loader makes it change the DTR line and
 * looks whether this UART's line changes.
 */
#include <efi.h>
#include <efilib.h>
#include "boot/cpu_asm.h"
#include "boot/uart.h"

#define MCR		4u
#define MCR_DTR		1u
/* What SetControl() accepts: DTR, RTS, loopback, flow control. */
#define SETTABLE	0x7003u

static bool dtr(uint16_t port)
{
	return inb(port + MCR) & MCR_DTR;
}

static bool drives(EFI_SERIAL_IO_PROTOCOL *serial, uint16_t port)
{
	UINT32 control, other;
	bool before, after;

	if (EFI_ERROR(serial->GetControl(serial, &control)))
		return false;
	control &= SETTABLE;
	other = control ^ EFI_SERIAL_DATA_TERMINAL_READY;
	before = dtr(port);
	if (EFI_ERROR(serial->SetControl(serial, other)))
		return false;
	after = dtr(port);
	serial->SetControl(serial, control);
	return before != after && dtr(port) == before;
}

/* A USB adapter has no ports, and may take a change of DTR as a command. */
static bool is_usb(EFI_HANDLE handle)
{
	EFI_DEVICE_PATH *node = DevicePathFromHandle(handle);

	for (; node && !IsDevicePathEnd(node); node = NextDevicePathNode(node))
		if (DevicePathType(node) == MESSAGING_DEVICE_PATH &&
		    DevicePathSubType(node) == MSG_USB_DP)
			return true;
	return false;
}

EFI_HANDLE uart_take(uint16_t port)
{
	EFI_HANDLE *handles = NULL, found = NULL;
	UINTN count = 0;

	if (!port || EFI_ERROR(LibLocateHandle(ByProtocol, &SerialIoProtocol, NULL, &count,
					       &handles)))
		return NULL;
	for (UINTN i = 0; i < count && !found; i++) {
		EFI_SERIAL_IO_PROTOCOL *serial;

		if (!is_usb(handles[i]) &&
		    !EFI_ERROR(BS->HandleProtocol(handles[i], &SerialIoProtocol,
						  (void **)&serial)) &&
		    drives(serial, port))
			found = handles[i];
	}
	FreePool(handles);
	if (found)
		BS->DisconnectController(found, NULL, NULL);
	return found;
}

void uart_give_back(EFI_HANDLE handle)
{
	if (handle)
		BS->ConnectController(handle, NULL, NULL, TRUE);
}
