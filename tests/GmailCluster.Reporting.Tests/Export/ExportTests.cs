using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using GmailCluster.Errors;
using GmailCluster.Reporting.Export;
using GmailCluster.Results;
using Parquet;
using Parquet.Serialization;

namespace GmailCluster.Reporting.Tests.Export;

public class ExportTests
{
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void Results_come_back_as_they_were_but_for_the_pictures()
    {
        var json = Json(SyntheticResults.Full);

        var read = ResultsFile.Read(new MemoryStream(Encoding.UTF8.GetBytes(json)), "results.json");

        Assert.Equal(json, Json(read));
        Assert.Equal(SyntheticResults.Full.Metrics, read.Metrics);
        Assert.Equal(SyntheticResults.Full.Artifacts, read.Artifacts);
        Assert.All(read.Pairs, pair => Assert.Empty(pair.RealPng));
    }

    [Fact]
    public void Names_in_the_file_are_snake_case_and_arms_are_written_as_in_a_spec()
    {
        using var document = JsonDocument.Parse(Json(SyntheticResults.Full));
        var root = document.RootElement;

        Assert.Equal(1, root.GetProperty("format").GetInt32());
        Assert.Contains(root.GetProperty("metrics").EnumerateArray(), metric => metric.GetProperty("arm").GetString() == "gmail+real" && metric.GetProperty("artifact_key").GetString()!.Length == 32);
        Assert.Equal("generated_aligned", root.GetProperty("map").GetProperty("points")[2].GetProperty("kind").GetString());
        Assert.Equal("AVX512", root.GetProperty("host").GetProperty("cpu_capability").GetString());
        Assert.DoesNotContain("png", Json(SyntheticResults.Full), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Numbers_that_are_none_survive()
    {
        var results = SyntheticResults.Bare with { Curves = [new TrainingCurve { Stage = "align", Steps = [1], Values = [double.NaN] }] };

        Assert.True(double.IsNaN(ResultsFile.Read(new MemoryStream(Encoding.UTF8.GetBytes(Json(results))), "x").Curves[0].Values[0]));
    }

    [Theory]
    [InlineData("", "results.json")]
    [InlineData("null", "null")]
    [InlineData("{\n\"name\": 3}", "line 2")]
    [InlineData("{}", "missing required properties")]
    [InlineData("""{"format": 9, "name": "a", "spec_yaml": "", "world_size": 1, "host": {"cpu_capability": "", "dotnet": "", "torch": "", "cores": 1}}""", "format 9")]
    public void A_file_that_is_something_else_is_refused(string content, string says)
    {
        var refusal = Assert.Throws<InputException>(() => ResultsFile.Read(new MemoryStream(Encoding.UTF8.GetBytes(content)), "results.json"));

        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Csv_has_a_line_a_figure_and_quotes_what_it_must()
    {
        var results = SyntheticResults.Full with { Metrics = [SyntheticResults.Full.Metrics[0] with { Dataset = "a \"b\", c", Value = 1.5 }, .. SyntheticResults.Full.Metrics.Where(metric => metric.Sweep is not null)] };
        using var stream = new MemoryStream();

        CsvExport.Write(results, stream);
        var lines = Encoding.UTF8.GetString(stream.ToArray()).Split("\r\n");

        Assert.Equal(CsvExport.Header, lines[0]);
        Assert.Equal(results.Metrics.Count + 2, lines.Length);
        Assert.StartsWith("real,0,caption,\"a \"\"b\"\", c\",BLEU-1,1.5,", lines[1], StringComparison.Ordinal);
        Assert.Contains(",0.125,4,", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parquet_holds_the_same_table()
    {
        using var stream = new MemoryStream();

        await ParquetExport.Write(SyntheticResults.Full, stream, TestContext.Current.CancellationToken);
        await using var reader = await ParquetReader.CreateAsync(stream, cancellationToken: TestContext.Current.CancellationToken);
        stream.Position = 0;
        var rows = (await ParquetSerializer.DeserializeAsync<ParquetExport.Row>(stream, cancellationToken: TestContext.Current.CancellationToken)).Data;

        Assert.Equal(CsvExport.Header.Split(','), reader.Schema.DataFields.Select(field => field.Name));
        Assert.Equal(SyntheticResults.Full.Metrics.Select(metric => metric.Value), rows.Select(row => row.Value));
        Assert.Equal(SyntheticResults.Full.Metrics.Select(metric => metric.Sweep?.DataFraction), rows.Select(row => row.DataFraction));
        Assert.Equal(SyntheticResults.Full.Metrics.Select(metric => metric.Dataset), rows.Select(row => row.Dataset));
    }

    [Fact]
    public void The_checksum_is_crc32c_masked_as_tensorflow_masks_it()
    {
        // CRC-32C of "123456789" is E3069283 (RFC 3720).
        var crc = 0xE3069283u;

        Assert.Equal(((crc >> 15) | (crc << 17)) + 0xA282EAD8u, TensorBoardWriter.MaskedCrc("123456789"u8));
    }

    [Fact]
    public void An_event_file_holds_the_version_and_the_scalars()
    {
        using var stream = new MemoryStream();

        var writer = new TensorBoardWriter(stream, Time);
        writer.AddScalar("caption/loss", 300, 1.25, Time);
        var records = Records(stream.ToArray());

        Assert.Equal(2, records.Count);
        Assert.Equal("brain.Event:2"u8, records[0].AsSpan(^13));
        Assert.Equal(1767323045.0, BinaryPrimitives.ReadDoubleLittleEndian(records[0].AsSpan(1)));
        byte[] expected =
        [
            0x09, .. BitConverter.GetBytes(1767323045.0), 0x10, 0xAC, 0x02, // wall_time, step 300
            0x2A, 21, 0x0A, 19, 0x0A, 12, .. "caption/loss"u8, 0x15, .. BitConverter.GetBytes(1.25f), // summary, value, tag, simple_value
        ];
        Assert.Equal(expected, records[1]);
    }

    [Fact]
    public void Every_run_gets_its_own_folder()
    {
        var folder = Directory.CreateTempSubdirectory("gmailcluster-tensorboard-");
        try
        {
            var count = TensorBoardExport.Write(SyntheticResults.Full, folder.FullName, Time);

            var files = Directory.GetFiles(folder.FullName, "events.out.tfevents.*", SearchOption.AllDirectories);
            Assert.Equal(count, files.Length);
            var records = Records(File.ReadAllBytes(Path.Combine(folder.FullName, "caption-gmail+real-seed1", "events.out.tfevents.1767323045.gmailcluster")));
            Assert.Equal(1 + 250 + 6, records.Count);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Json(ExperimentResults results)
    {
        using var stream = new MemoryStream();
        ResultsFile.Write(results, stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static List<byte[]> Records(byte[] file)
    {
        var records = new List<byte[]>();
        for (var at = 0; at < file.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            Assert.Equal(TensorBoardWriter.MaskedCrc(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            Assert.Equal(TensorBoardWriter.MaskedCrc(file.AsSpan(at + 12, length)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            records.Add(file[(at + 12)..(at + 12 + length)]);
            at += 16 + length;
        }

        return records;
    }
}
