using System.Buffers.Binary;
using System.Formats.Tar;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GmailCluster.Cli.Tests.EndToEnd;

/// <summary>Files of the emoji sample, damaged in one way each.</summary>
internal static class DamagedFiles
{
    /// <summary>A copy of a tar in which the data of one PNG has a wrong byte.</summary>
    /// <returns>The PNG's name.</returns>
    public static string CorruptPng(string tar, string target)
    {
        using var reader = new TarReader(File.OpenRead(tar));
        using var writer = new TarWriter(File.Create(target), TarEntryFormat.Ustar);
        string? corrupt = null;
        while (reader.GetNextEntry() is { } entry)
        {
            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            if (corrupt is null && entry.Name.EndsWith(".png", StringComparison.Ordinal))
            {
                corrupt = entry.Name;
                content.GetBuffer()[content.Length / 2] ^= 0xff;
            }

            content.Position = 0;
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, entry.Name) { DataStream = content, Mode = entry.Mode });
        }

        return corrupt ?? throw new InvalidOperationException($"{tar} holds no PNG.");
    }

    /// <summary>Makes a weight file say that one of its matrices is the other way round.</summary>
    public static void SwapShape(string safetensors, string tensor)
    {
        var bytes = File.ReadAllBytes(safetensors);
        var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        var header = JsonNode.Parse(bytes.AsSpan(8, length))!;
        var shape = header[tensor]!["shape"]!.AsArray();
        header[tensor]!["shape"] = new JsonArray([.. shape.Reverse().Select(side => side!.DeepClone())]);
        var changed = JsonSerializer.SerializeToUtf8Bytes(header);
        using var file = File.Create(safetensors);
        var prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)changed.Length);
        file.Write(prefix);
        file.Write(changed);
        file.Write(bytes.AsSpan(8 + length));
    }

    /// <summary>Copies a model folder without its weights.</summary>
    public static void CopyModel(string folder, string target, bool withWeights)
    {
        Directory.CreateDirectory(target);
        foreach (var file in Directory.EnumerateFiles(folder).Where(file => withWeights || !file.EndsWith(".safetensors", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
            File.SetAttributes(Path.Combine(target, Path.GetFileName(file)), FileAttributes.Normal);
        }
    }
}
