using System.Formats.Tar;
using System.Text;
using GmailCluster.Data.Shards;
using GmailCluster.Data.Tests.Storage;
using GmailCluster.Errors;
using GmailCluster.Golden;

namespace GmailCluster.Data.Tests.Shards;

public sealed class ShardReaderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> ReferenceTars()
    {
        var tars = Directory.GetFiles(GoldenFolder.Under("files"), "*.tar").Order(StringComparer.Ordinal).ToList();
        Assert.NotEmpty(tars);
        return [.. tars];
    }

    [Theory]
    [MemberData(nameof(ReferenceTars))]
    public async Task A_tar_made_by_webdataset_gives_the_samples_an_independent_reader_sees(string path)
    {
        var expected = IndependentlyRead(path);

        var seekable = await Read(File.ReadAllBytes(path));
        var trickling = await ReadTrickling(File.ReadAllBytes(path));

        Assert.NotEmpty(expected);
        Assert.Equal(expected, Flat(seekable));
        Assert.Equal(expected, Flat(trickling));
        Assert.Equal(seekable.Count, seekable.Select(s => s.Key).Distinct().Count());
    }

    [Theory]
    [InlineData("train", 1478)]
    [InlineData("validation", 253)]
    [InlineData("test-novel", 515)]
    [InlineData("test-compositional", 228)]
    public async Task The_samples_real_data_set_is_read_whole(string split, int count)
    {
        var path = GoldenFolder.Sample("emoji", "noto", split + ".tar");

        var samples = await Read(File.ReadAllBytes(path));

        Assert.Equal(count, samples.Count);
        Assert.All(samples, s => Assert.Equal(["json", "png", "txt"], s.Members.Keys));
        Assert.Equal(IndependentlyRead(path), Flat(samples));
    }

    [Fact]
    public async Task Every_tar_cut_short_is_refused_with_file_and_offset()
    {
        var tar = await SmallTar();

        for (var length = 0; length < tar.Length - 512; length++) // one of the two closing blocks is enough to know the end
        {
            var error = await Refusal(tar[..length]);
            Assert.StartsWith("x.tar, offset ", error.Message, StringComparison.Ordinal);
            Assert.Contains("truncated", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_flipped_bit_is_refused_or_changes_only_content()
    {
        var tar = await SmallTar();
        var refused = 0;
        var readable = 0;

        for (var at = 0; at < tar.Length - 1024; at++)
        {
            var damaged = (byte[])tar.Clone();
            damaged[at] ^= (byte)(1 << (at % 8));
            try
            {
                Assert.Equal(2, (await Read(damaged)).Count);
                readable++;
            }
            catch (InputException e)
            {
                Assert.StartsWith("x.tar, offset ", e.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        Assert.True(refused >= 5 * 300, $"only {refused} of the flips in five headers were refused");
        Assert.True(readable > 0);
    }

    [Theory]
    [InlineData("../evil.png", "climbs out")]
    [InlineData("a/../../evil.png", "climbs out")]
    [InlineData("/etc/evil.png", "absolute")]
    [InlineData("C:/evil.png", "absolute")]
    [InlineData("a\\b.png", "backslash")]
    [InlineData("a\nb.png", "control character")]
    public async Task A_dangerous_name_is_refused(string name, string why)
    {
        var error = await Refusal([.. Member(name, "x"), .. End]);

        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.Contains("offset 0", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData('1')]
    [InlineData('2')]
    [InlineData('3')]
    [InlineData('6')]
    [InlineData('S')]
    public async Task A_member_that_is_not_a_plain_file_is_refused(char type)
    {
        var tar = Member("a.png", "");
        tar[156] = (byte)type;
        Resum(tar);

        Assert.Contains("not a plain file", (await Refusal([.. tar, .. End])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_header_that_lies_about_its_size_costs_no_memory_and_is_refused()
    {
        var tar = Member("a.png", "x");
        Encoding.ASCII.GetBytes("77777777777").CopyTo(tar, 124); // 8 GiB - 1
        Resum(tar);
        var huge = Member("a.png", "x");
        Encoding.ASCII.GetBytes("01000000000").CopyTo(huge, 124); // 128 MiB, within the limit
        Resum(huge);

        Assert.Contains("over the limit", (await Refusal([.. tar, .. End])).Message, StringComparison.Ordinal);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var refusal = Refusal([.. huge, .. End]);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before; // read before any await: what follows one may be another thread
        Assert.Contains("truncated", (await refusal).Message, StringComparison.Ordinal);
        Assert.InRange(allocated, 0, 8 << 20);
        await Assert.ThrowsAsync<InputException>(() => ReadTrickling([.. huge, .. End]));
    }

    [Fact]
    public async Task Base_256_sizes_and_old_tars_are_read()
    {
        var gnu = Member("a.png", "x");
        gnu.AsSpan(124, 12).Clear();
        (gnu[124], gnu[135]) = (0x80, 1);
        Resum(gnu);
        var v7 = Member("b.png", "y");
        v7.AsSpan(257, 8).Clear();
        v7[156] = 0;
        Resum(v7);

        Assert.Equal(["a.png=78", "b.png=79"], Flat(await Read([.. gnu, .. v7, .. End])));
    }

    [Theory]
    [InlineData(TarEntryFormat.V7)]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    public async Task Every_dialect_of_tar_gives_the_same_samples(TarEntryFormat format)
    {
        var folder = format == TarEntryFormat.V7 ? "d" : "a-folder-with-a-long-name/" + new string('d', 60);
        string[] names = [$"./{folder}/{new string('n', 60)}.png", "./z.JPG"];
        using var memory = new MemoryStream();
        await using (var writer = new TarWriter(memory, format, leaveOpen: true))
        {
            await writer.WriteEntryAsync(Entry(format, TarEntryType.Directory, "./"), Token);
            foreach (var name in names)
            {
                var entry = Entry(format, format == TarEntryFormat.V7 ? TarEntryType.V7RegularFile : TarEntryType.RegularFile, name);
                entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(name[^5..]));
                await writer.WriteEntryAsync(entry, Token);
            }
        }

        var samples = await Read(memory.ToArray());

        Assert.Equal([$"{folder}/{new string('n', 60)}", "z"], samples.Select(s => s.Key));
        Assert.Equal(["png", "jpg"], samples.Select(s => s.Members.Keys.Single()));
    }

    [Fact]
    public async Task Members_are_grouped_up_to_the_first_dot_of_the_base_name()
    {
        byte[] tar =
        [
            .. Member("v1.0/a.seg.png", "1"), .. Member("v1.0/a.TXT", "2"), .. Member("v1.0/a-b.txt", "3"), .. Member("README", "4"),
            .. Member("._a.png", "5"), .. Member("__meta__/x.json", "6"), .. End,
        ];
        var reader = new ShardReader(new MemoryStream(tar), "x.tar");

        var samples = await reader.Read(Token).ToListAsync(Token);

        Assert.Equal(["v1.0/a", "v1.0/a-b"], samples.Select(s => s.Key));
        Assert.Equal(["seg.png", "txt"], samples[0].Members.Keys);
        Assert.Equal(["README", "._a.png", "__meta__/x.json"], reader.SkippedMembers);
    }

    [Fact]
    public async Task A_sample_with_a_member_twice_is_refused()
    {
        var error = await Refusal([.. Member("a.png", "1"), .. Member("a.PNG", "2"), .. End]);

        Assert.Contains("two members with the extension 'png'", error.Message, StringComparison.Ordinal);
        Assert.Contains("offset 1024", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_hold()
    {
        var tar = new MemoryStream([.. Member("a.png", "12345"), .. Member("a.txt", "1"), .. End]);

        async Task<InputException> With(ShardLimits limits)
        {
            tar.Position = 0;
            return await Assert.ThrowsAsync<InputException>(async () => await new ShardReader(tar, "x.tar", limits).Read(Token).ToListAsync(Token));
        }

        Assert.Contains("limit of 4", (await With(new ShardLimits { MaxMemberBytes = 4 })).Message, StringComparison.Ordinal);
        Assert.Contains("more than 1 members", (await With(new ShardLimits { MaxSampleMembers = 1 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_tar_is_named()
    {
        Assert.Contains("not a tar header", (await Refusal(Encoding.ASCII.GetBytes(new string('x', 2000)))).Message, StringComparison.Ordinal);
        Assert.Contains("gzip", (await Refusal([0x1f, 0x8b, .. new byte[2000]])).Message, StringComparison.Ordinal);
        Assert.Contains("after the end", (await Refusal([.. End, .. Member("a.png", "1"), .. End])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_malformed_pax_header_is_refused()
    {
        foreach (var text in new[] { "x", "5 path=a\n", "99 path=a\n", "-1 path=a\n", "10 patha.b\n", "14 size=twelve\n", "10 path=a", "0 \n" })
        {
            var pax = Member("PaxHeader", text);
            pax[156] = (byte)'x';
            Resum(pax);

            Assert.Contains("pax", (await Refusal([.. pax, .. Member("a.png", "1"), .. End])).Message, StringComparison.Ordinal);
        }
    }

    private static byte[] End => new byte[1024];

    private static byte[] Member(string name, string content) =>
        [.. TarHeader.For(name, content.Length), .. Encoding.ASCII.GetBytes(content), .. new byte[(512 - (content.Length % 512)) % 512]];

    private static void Resum(byte[] header)
    {
        Encoding.ASCII.GetBytes("        ").CopyTo(header, 148);
        var sum = header.Take(512).Sum(b => b);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header, 148);
    }

    private static TarEntry Entry(TarEntryFormat format, TarEntryType type, string name) => format switch
    {
        TarEntryFormat.V7 => new V7TarEntry(type, name),
        TarEntryFormat.Ustar => new UstarTarEntry(type, name),
        TarEntryFormat.Pax => new PaxTarEntry(type, name),
        _ => new GnuTarEntry(type, name),
    };

    private static async Task<byte[]> SmallTar()
    {
        using var memory = new MemoryStream();
        await ShardWriter.WriteAll(
            memory,
            [
                new ShardSample("a", new Dictionary<string, byte[]> { ["png"] = new byte[600], ["txt"] = "hello"u8.ToArray() }),
                new ShardSample("b", new Dictionary<string, byte[]> { ["png"] = new byte[512], ["txt"] = [] }),
            ],
            Token);
        return memory.ToArray();
    }

    private static async Task<InputException> Refusal(byte[] tar)
    {
        var error = await Assert.ThrowsAsync<InputException>(() => Read(tar));
        Assert.Equal(2, error.ExitCode);
        return error;
    }

    private static async Task<List<ShardSample>> Read(byte[] tar) =>
        await new ShardReader(new MemoryStream(tar), "x.tar").Read(Token).ToListAsync(Token);

    private static async Task<List<ShardSample>> ReadTrickling(byte[] tar) =>
        await new ShardReader(new TrickleStream(tar), "x.tar").Read(Token).ToListAsync(Token);

    private static List<string> Flat(IEnumerable<ShardSample> samples) =>
        [.. samples.SelectMany(s => s.Members.Select(m => $"{s.Key}.{m.Key}={Convert.ToHexStringLower(m.Value)}"))];

    // In the order of the tar, which all of these sort by name.
    private static List<string> IndependentlyRead(string path)
    {
        var lines = new List<string>();
        using var reader = new TarReader(File.OpenRead(path));
        while (reader.GetNextEntry(copyData: true) is { } entry)
        {
            using var memory = new MemoryStream();
            entry.DataStream?.CopyTo(memory);
            lines.Add($"{entry.Name}={Convert.ToHexStringLower(memory.ToArray())}");
        }

        return lines;
    }
}
