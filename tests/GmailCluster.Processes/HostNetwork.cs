using System.Diagnostics;
using System.Globalization;

namespace GmailCluster.Processes;

/// <summary>
/// Hosts in network namespaces of their own, joined by a bridge, between any two of which traffic can be dropped. Needs iproute2,
/// and root or a sudo that asks for no password.
/// </summary>
internal sealed class HostNetwork : IDisposable
{
    private static readonly string[] AsRoot = Environment.IsPrivilegedProcess ? [] : ["sudo", "-n"];

    private readonly string _name = $"gmail-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}";
    private readonly List<string> _namespaces = [];

    public HostNetwork(int hosts)
    {
        try
        {
            Hub = Namespace("hub", 1);
            Ip("-n", _namespaces[0], "link", "add", "bridge", "type", "bridge");
            Ip("-n", _namespaces[0], "address", "add", $"{Hub.Address}/24", "dev", "bridge");
            Ip("-n", _namespaces[0], "link", "set", "bridge", "up");
            Hosts = [.. Enumerable.Range(0, hosts).Select(Host)];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where whatever all hosts reach runs.</summary>
    public SiloPlace Hub { get; }

    /// <summary>Where silos run.</summary>
    public IReadOnlyList<SiloPlace> Hosts { get; }

    /// <summary>From now on hosts 0 and 1 get nothing from each other, and no word of it; all others reach both.</summary>
    public void Cut() => SetIsolated("on");

    /// <summary>They reach each other again.</summary>
    public void Mend() => SetIsolated("off");

    public void Dispose()
    {
        foreach (var name in Enumerable.Reverse(_namespaces))
        {
            Ip("netns", "delete", name);
        }
    }

    // Ports of a bridge that are isolated reach only those that are not.
    private void SetIsolated(string value)
    {
        foreach (var port in new[] { "port0", "port1" })
        {
            Ip("-n", _namespaces[0], "link", "set", "dev", port, "type", "bridge_slave", "isolated", value);
        }
    }

    private SiloPlace Host(int number)
    {
        var place = Namespace(number.ToString(CultureInfo.InvariantCulture), number + 2);
        var port = $"port{number.ToString(CultureInfo.InvariantCulture)}";
        Ip("-n", _namespaces[0], "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", _namespaces[^1]);
        Ip("-n", _namespaces[0], "link", "set", port, "master", "bridge", "up");
        Ip("-n", _namespaces[^1], "address", "add", $"{place.Address}/24", "dev", "eth0");
        Ip("-n", _namespaces[^1], "link", "set", "eth0", "up");
        return place;
    }

    private SiloPlace Namespace(string name, int address)
    {
        Ip("netns", "add", $"{_name}-{name}");
        _namespaces.Add($"{_name}-{name}");
        Ip("-n", _namespaces[^1], "link", "set", "lo", "up");
        return new SiloPlace($"10.213.0.{address.ToString(CultureInfo.InvariantCulture)}", [.. AsRoot, "ip", "netns", "exec", _namespaces[^1]]);
    }

    private static void Ip(params string[] args)
    {
        const string Need = "A network cut cannot be tried without iproute2 ('apt-get install iproute2') and the right to make network namespaces, as root or with a sudo that asks for no password";
        string[] line = [.. AsRoot, "ip", .. args];
        try
        {
            using var process = Process.Start(new ProcessStartInfo(line[0], line[1..]) { RedirectStandardError = true })!;
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"{Need}: {string.Join(' ', line)}: {error}");
            }
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException($"{Need}: {line[0]}: {e.Message}", e);
        }
    }
}
