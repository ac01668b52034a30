using System.Buffers;
using System.IO.MemoryMappedFiles;
using GmailCluster.Errors;

namespace GmailCluster.Models.Safetensors;

/// <summary>Read-only bytes that stay where they are: a mapped file or a caller's memory.</summary>
internal sealed unsafe class ByteSource : IDisposable
{
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private MemoryHandle _pin;
    private byte* _start;

    private ByteSource(MemoryMappedFile file, MemoryMappedViewAccessor view, long length)
    {
        (_file, _view, Length) = (file, view, length);
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += view.PointerOffset;
    }

    private ByteSource(ReadOnlyMemory<byte> memory)
    {
        _pin = memory.Pin();
        _start = (byte*)_pin.Pointer;
        Length = memory.Length;
    }

    public long Length { get; }

    public static ByteSource Of(ReadOnlyMemory<byte> memory) => new(memory);

    public static ByteSource Map(string path)
    {
        try
        {
            var length = new FileInfo(path).Length;
            if (length == 0)
            {
                return Of(ReadOnlyMemory<byte>.Empty); // an empty file cannot be mapped
            }

            var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            try
            {
                return new ByteSource(file, file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read), length);
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException(path, "cannot be read.", $"{error.Message} Check the path and its permissions.", error);
        }
    }

    public ReadOnlySpan<byte> Slice(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(_start is null && Length > 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        return new ReadOnlySpan<byte>(_start + offset, length);
    }

    public void Dispose()
    {
        _start = null;
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _file?.Dispose();
        _pin.Dispose();
    }
}
