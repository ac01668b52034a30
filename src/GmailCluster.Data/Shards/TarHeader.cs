using System.Globalization;
using System.Text;

namespace GmailCluster.Data.Shards;

/// <summary>
/// Writes tar headers of which every byte is a function of name and length (POSIX ustar, a pax header where the name needs one).
/// System.Formats.Tar writes its process id into pax headers, so two runs would differ.
/// </summary>
internal static class TarHeader
{
    public const int Block = 512;
    private const int NameBytes = 100;
    private const int PrefixBytes = 155;

    /// <summary>The blocks before a member's content.</summary>
    public static byte[] For(string name, long length)
    {
        if (Fit(name) is { } fit)
        {
            return Ustar(fit.Prefix, fit.Name, length, '0');
        }

        var record = PaxRecord("path", name);
        var pax = new byte[Padded(record.Length)];
        record.CopyTo(pax, 0);
        // Readers without pax see a shortened ASCII name.
        var plain = new string([.. name.Where(char.IsAscii)]);
        return [.. Ustar("", "PaxHeader", record.Length, 'x'), .. pax, .. Ustar("", plain[Math.Max(0, plain.Length - NameBytes)..], length, '0')];
    }

    /// <summary>Length rounded up to whole blocks.</summary>
    public static long Padded(long length) => (length + Block - 1) / Block * Block;

    private static byte[] Ustar(string prefix, string name, long length, char type)
    {
        var header = new byte[Block];
        Text(header, 0, name);
        Text(header, 100, "0000644");
        Text(header, 108, "0000000");
        Text(header, 116, "0000000");
        Text(header, 124, Convert.ToString(length, 8).PadLeft(11, '0'));
        Text(header, 136, "00000000000");
        Text(header, 148, "        ");
        header[156] = (byte)type;
        Text(header, 257, "ustar");
        Text(header, 263, "00");
        Text(header, 345, prefix);
        var sum = 0;
        foreach (var b in header)
        {
            sum += b;
        }

        Text(header, 148, Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ");
        return header;
    }

    private static (string Prefix, string Name)? Fit(string name)
    {
        if (!Ascii.IsValid(name))
        {
            return null;
        }

        if (name.Length <= NameBytes)
        {
            return ("", name);
        }

        var cut = name.IndexOf('/', Math.Max(0, name.Length - NameBytes - 1));
        return cut is > 0 and <= PrefixBytes && cut < name.Length - 1 ? (name[..cut], name[(cut + 1)..]) : null;
    }

    // "LENGTH key=value\n", where LENGTH counts itself.
    private static byte[] PaxRecord(string key, string value)
    {
        var rest = Encoding.UTF8.GetByteCount(value) + key.Length + 3;
        var length = rest + 1;
        while (rest + Digits(length) != length)
        {
            length = rest + Digits(length);
        }

        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{length} {key}={value}\n"));
    }

    private static int Digits(int number) => number.ToString(CultureInfo.InvariantCulture).Length;

    private static void Text(byte[] header, int at, string text) => Encoding.ASCII.GetBytes(text, header.AsSpan(at));
}
