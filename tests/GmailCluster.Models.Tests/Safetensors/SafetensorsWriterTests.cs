using GmailCluster.Errors;
using GmailCluster.Golden;
using static TorchSharp.torch;

namespace GmailCluster.Models.Safetensors;

public sealed class SafetensorsWriterTests
{
    public static TheoryData<string> PythonFiles => [.. Directory
        .EnumerateFiles(Goldens.Root, "*.safetensors", SearchOption.AllDirectories)
        .Select(p => Path.GetRelativePath(Goldens.Root, p))
        .Where(p => !Path.GetFileName(p).StartsWith("bad-", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(PythonFiles))]
    public void A_file_of_the_Python_library_is_written_back_byte_for_byte(string path)
    {
        var full = Path.Combine(Goldens.Root, path);
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(full);

        SafetensorsWriter.Write(folder["again.safetensors"], file.Entries.Keys.Select(n => KeyValuePair.Create(n, file.Load(n))), file.Metadata);

        Assert.True(File.ReadAllBytes(full).AsSpan().SequenceEqual(File.ReadAllBytes(folder["again.safetensors"])));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Strides_order_and_names_do_not_matter_to_what_is_read_back()
    {
        using var scope = NewDisposeScope();
        var turned = arange(6, ScalarType.Float32).view(2, 3).t();
        var stream = new MemoryStream();

        SafetensorsWriter.Write(
            stream,
            [new("z \"quoted\" \u0001 \u00e9 \ud83d\ude00", turned), new("a", tensor([1L, 2L])), new("scalar", tensor(1.5f).to_type(ScalarType.BFloat16))],
            new Dictionary<string, string> { ["format"] = "pt" });
        using var file = SafetensorsFile.Read(stream.ToArray(), "memory");

        Assert.Equal([0f, 3f, 1f, 4f, 2f, 5f], file.Load("z \"quoted\" \u0001 \u00e9 \ud83d\ude00").data<float>().ToArray());
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal("BF16", file.Entries["scalar"].Dtype.Name);
        Assert.Empty(file.Entries["scalar"].Shape);
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_and_nothing_beside_it()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder["w.safetensors"], [new("a", ones(2))]);
        var before = File.ReadAllBytes(folder["w.safetensors"]);

        Assert.Throws<GmailClusterException>(() => SafetensorsWriter.Write(folder["w.safetensors"], [new("a", ones(2)), new("a", ones(2))]));

        Assert.Equal(before, File.ReadAllBytes(folder["w.safetensors"]));
        Assert.Single(Directory.GetFiles(folder.Path));
    }
}
