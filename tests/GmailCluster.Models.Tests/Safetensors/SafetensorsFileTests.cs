using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using CsCheck;
using GmailCluster.Errors;
using GmailCluster.Golden;
using static TorchSharp.torch;

namespace GmailCluster.Models.Safetensors;

public sealed class SafetensorsFileTests
{
    private static string Files => Goldens.Folder("files");

    public static TheoryData<string, string> Malformed => new()
    {
        { "bad-duplicate", "names the tensor 'a' twice" },
        { "bad-hole", "leaves a hole" },
        { "bad-huge-header", "says its header has" },
        { "bad-negative-shape", "whole numbers from 0" },
        { "bad-not-json", "not JSON" },
        { "bad-out-of-range", "outside the" },
        { "bad-overflow-shape", "overflows 64 bits" },
        { "bad-overlap", "overlaps the tensor before it" },
        { "bad-short", "is too short" },
        { "bad-size-mismatch", "but data_offsets" },
        { "bad-trailing", "bytes after its last tensor" },
        { "bad-unknown-dtype", "unknown dtype" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_malformed_file_is_refused_with_reason_file_and_position(string name, string reason)
    {
        var path = Path.Combine(Files, name + ".safetensors");
        Assert.True(File.Exists(path), path);

        var error = Assert.Throws<InputException>(() => SafetensorsFile.Open(path).Dispose());

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.StartsWith($"{path}, byte ", error.Where, StringComparison.Ordinal);
        Assert.Equal(2, error.ExitCode);
    }

    [Fact]
    public void Every_malformed_reference_is_refused_without_allocating_more_than_its_size()
    {
        var bad = Directory.GetFiles(Files, "bad-*.safetensors");
        Assert.NotEmpty(bad);
        foreach (var path in bad)
        {
            var bytes = File.ReadAllBytes(path);
            Assert.Throws<InputException>(() => SafetensorsFile.Read(bytes, path).Dispose()); // warm up
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<InputException>(() => SafetensorsFile.Read(bytes, path).Dispose());

            // The exception and its stack trace are most of this; what a file claims (up to 2^80 bytes) is none of it.
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
        }
    }

    [Fact]
    public void Every_dtype_is_read_as_the_reference_says()
    {
        var expected = JsonNode.Parse(File.ReadAllText(Path.Combine(Files, "dtypes.json")))!.AsObject();
        using var file = SafetensorsFile.Open(Path.Combine(Files, "dtypes.safetensors"));

        Assert.Equal(expected.Select(e => e.Key).Order(StringComparer.Ordinal), file.Entries.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, node) in expected)
        {
            using var scope = NewDisposeScope();
            var value = file.Load(name, ScalarType.Float64);

            Assert.Equal(node!["shape"]!.AsArray().Select(n => n!.GetValue<long>()), value.shape);
            Assert.Equal(node["values"]!.AsArray().Select(n => n!.GetValue<double>()), MemoryMarshal.Cast<byte, double>(value.bytes).ToArray());
        }
    }

    [Fact]
    public void Types_torch_lacks_are_widened_exactly()
    {
        var header = """{"e4":{"dtype":"F8_E4M3","shape":[5],"data_offsets":[0,5]},"e5":{"dtype":"F8_E5M2","shape":[3],"data_offsets":[5,8]},"u16":{"dtype":"U16","shape":[2],"data_offsets":[8,12]},"u32":{"dtype":"U32","shape":[1],"data_offsets":[12,16]},"u64":{"dtype":"U64","shape":[1],"data_offsets":[16,24]}}""";
        byte[] data = [0x38, 0xB8, 0x7E, 0x01, 0x08, 0x3C, 0xC0, 0x01, 1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 7, 0, 0, 0, 0, 0, 0, 0];
        using var file = SafetensorsFile.Read(Compose(header, data), "made");

        Assert.Equal([1f, -1f, 448f, 0.001953125f, 0.015625f], file.Load("e4").data<float>().ToArray());
        Assert.Equal([1f, -2f, 1.52587890625e-5f], file.Load("e5").data<float>().ToArray());
        Assert.Equal([1, 65535], file.Load("u16").data<int>().ToArray());
        Assert.Equal([4294967295L], file.Load("u32").data<long>().ToArray());
        Assert.Equal([7L], file.Load("u64").data<long>().ToArray());
    }

    [Fact]
    public void Every_cut_and_every_flipped_bit_of_a_header_is_read_or_refused_by_name()
    {
        var whole = File.ReadAllBytes(Path.Combine(Files, "dtypes.safetensors"));
        var header = 8 + (int)BitConverter.ToUInt64(whole);
        for (var length = 0; length < whole.Length; length++)
        {
            var cut = whole[..length];
            Assert.Throws<InputException>(() => SafetensorsFile.Read(cut, "cut").Dispose());
        }

        Gen.Select(Gen.Int[0, header - 1], Gen.Int[0, 7]).Sample(
            (at, bit) =>
            {
                var bytes = (byte[])whole.Clone();
                bytes[at] ^= (byte)(1 << bit);
                try
                {
                    using var file = SafetensorsFile.Read(bytes, "flipped");
                    foreach (var name in file.Entries.Keys)
                    {
                        file.Load(name).Dispose();
                    }
                }
                catch (InputException error)
                {
                    Assert.StartsWith("flipped", error.Where, StringComparison.Ordinal);
                }
            },
            iter: 2000);
    }

    [Fact]
    public void A_missing_file_and_a_missing_tensor_say_so()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("cannot be read", Assert.Throws<InputException>(() => SafetensorsFile.Open(folder["none.safetensors"])).Message, StringComparison.Ordinal);

        using var file = SafetensorsFile.Open(Path.Combine(Files, "dtypes.safetensors"));
        Assert.Contains("'nothing'", Assert.Throws<InputException>(() => file.Load("nothing")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_are_read_in_place()
    {
        using var file = SafetensorsFile.Open(Path.Combine(Files, "dtypes.safetensors"));
        using var tensor = file.Load("f32");

        Assert.True(file.Bytes("f32", 0, (int)file.Entries["f32"].LengthBytes).SequenceEqual(tensor.bytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes("f32", 1, (int)file.Entries["f32"].LengthBytes));
    }

    internal static byte[] Compose(string header, byte[] data) =>
        [.. BitConverter.GetBytes((ulong)System.Text.Encoding.UTF8.GetByteCount(header)), .. System.Text.Encoding.UTF8.GetBytes(header), .. data];
}
